using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>No CA to be asked: roots sign themselves, or operators carry requests and answers.</summary>
public sealed class NoUpstreamCa(UpstreamMode mode) : IUpstreamCa
{
    public UpstreamMode Mode => mode;

    public IReadOnlyList<ParsedCertificate> Chain() => throw new UpstreamException("There is no outside CA on this machine.");

    public byte[] Sign(ReadOnlySpan<byte> tbs) => throw new UpstreamException("There is no outside CA on this machine.");
}
