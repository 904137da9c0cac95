using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/svids</c>: an X.509-SVID from a CSR, for a caller with a token, or with an SVID that it renews.</summary>
internal sealed class SvidEndpoints(CallIntake intake, IIssuanceService issuance, GatewayMetrics metrics, RefusalLog refusals)
{
    public const string Path = RestRoutes.Prefix + "/svids";

    private const string Api = "rest";
    private const string IdempotencyHeader = "Idempotency-Key";
    private const int MaxIdempotencyKeyChars = 128;

    public void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapRest(
                "POST", "/svids", Access.Open(ListenerKinds.Mesh | ListenerKinds.Admin),
                new RestOperation(
                    "issueSvid", "svids", "Issues an X.509-SVID; the caller proves itself by a bearer token or by the SVID of the connection",
                    RestParameter.Header("Authorization", "Bearer and a Kubernetes service-account token or a join token"),
                    RestParameter.Header(IdempotencyHeader, "Repeating a call with the same key and CSR within 60 s gives the same certificate")),
                IssueAsync)
            .WithMetadata(RelayedWithoutIssuer.Instance)
            .Takes<SvidBody>().Answers<SvidView>();

    private async Task IssueAsync(HttpContext http)
    {
        var started = metrics.Start();
        var (svid, refusal, caller) = await TryIssueAsync(http);
        if (svid is not null)
        {
            metrics.Issued(Api, started);
            var view = new SvidView(
                svid.SpiffeId, svid.Serial, PemWriter.EncodeCertificate(svid.LeafDer), svid.IssuerChainPem, svid.BundlePem, svid.BundleNumber,
                svid.NotBefore, svid.NotAfter, RequestId.Of(http));
            await RestCall.WriteAsync(http, RestJson.Wire.SvidView, view);
            return;
        }

        metrics.Refused(Api, refusal!.Reason, started);
        refusals.Tell(Api, http, caller?.Name ?? http.Connection.RemoteIpAddress?.ToString() ?? "unknown", refusal);
        await ProblemWriter.WriteAsync(http, refusal);
    }

    private async ValueTask<(IssuedSvid? Svid, Refusal? Refusal, AuthenticatedCaller? Caller)> TryIssueAsync(HttpContext http)
    {
        using var call = await intake.AdmitAsync(http, http.RequestAborted);
        if (!call.Succeeded)
        {
            return (null, call.Refusal, call.Caller);
        }

        SvidRequest ask;
        try
        {
            ask = Read(await RestCall.ReadAsync(http, RestJson.Wire.SvidBody), call.Caller, http);
        }
        catch (RefusedException refused)
        {
            return (null, refused.Refusal, call.Caller);
        }

        var result = await issuance.IssueAsync(ask, http.RequestAborted);
        return (result.Svid, result.Refusal, call.Caller);
    }

    private static SvidRequest Read(SvidBody body, AuthenticatedCaller caller, HttpContext http)
    {
        var keys = http.Request.Headers[IdempotencyHeader];
        if (keys.Count > 1 || keys is [{ Length: 0 or > MaxIdempotencyKeyChars }])
        {
            throw RestCall.Invalid("idempotency_key_malformed", $"'{IdempotencyHeader}' is one value of 1 to {MaxIdempotencyKeyChars} characters.");
        }

        if (body.SpiffeId is { } wanted && !SpiffeId.TryParse(wanted, out _, out var error))
        {
            throw RestCall.Invalid("spiffe_id_malformed", $"'spiffeId': {error}");
        }

        TimeSpan? ttl = body.TtlSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null;
        return new SvidRequest(caller, ReadCsr(body.Csr), ttl, RequestId.Of(http), keys.Count == 1 ? keys[0] : null, body.SpiffeId);
    }

    private static byte[] ReadCsr(string text)
    {
        if (text.AsSpan().TrimStart().StartsWith("-----"))
        {
            return CsrPem.TryDecode(text, out var der, out var error) ? der : throw RestCall.Invalid("csr_malformed", $"'csr': {error}");
        }

        if (text.Length > CsrPem.MaxChars)
        {
            throw RestCall.Invalid("csr_malformed", $"'csr' has {text.Length} characters; at most {CsrPem.MaxChars} are read.");
        }

        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var written) && written > 0
            ? buffer[..written]
            : throw RestCall.Invalid("csr_malformed", "'csr' is neither PEM nor the base64 of DER.");
    }
}
