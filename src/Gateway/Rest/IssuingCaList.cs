using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Rest;

/// <summary>The issuing CAs of this cluster.</summary>
internal sealed record IssuingCaList(IReadOnlyList<IssuingCaItem> IssuingCas);

/// <summary>One issuing CA. What a stolen silo exposes ends with its CA's <paramref name="NotAfter"/>.</summary>
internal sealed record IssuingCaItem(
    string AuthorityId, string RootAuthorityId, string Silo, IssuingCaState State, DateTimeOffset NotBefore, DateTimeOffset NotAfter,
    string? Certificate, string? TaintReason)
{
    public static IssuingCaItem Of(IssuingCaView view) => new(
        view.AuthorityId, view.RootAuthorityId, view.Silo, view.State, view.NotBefore, view.NotAfter,
        view.CertificateDer.Length == 0 ? null : PemWriter.EncodeCertificate(view.CertificateDer), view.TaintReason);
}

/// <summary>Why something dangerous is done; recorded.</summary>
internal sealed record ReasonBody(string Reason);

/// <param name="Reason">Goes into the audit log and the denial.</param>
/// <param name="ReissueOverSeconds">The time over which agents replace what the CA signed; 0 or none: at once.</param>
internal sealed record TaintBody(string Reason, int? ReissueOverSeconds = null);
