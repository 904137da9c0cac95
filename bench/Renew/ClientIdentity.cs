using System.Net.Security;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>What a client shows and what it trusts, at one moment.</summary>
internal sealed record ClientIdentity(string Serial, SslStreamCertificateContext Certificate, SpiffeBundle Bundle);
