using Google.Protobuf.WellKnownTypes;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Istio;

/// <summary>
/// <c>istio.v1.auth.IstioCertificateService/CreateCertificate</c>, as istio-agent and ztunnel call istiod: the identity is the caller's, the request's
/// key is all that is taken from the CSR, and the reply is leaf, intermediates, and all roots as the last element.
/// </summary>
internal sealed class CreateCertificateHandler(
    CallIntake intake, IIssuanceService issuance, GatewayMetrics metrics, RefusalLog refusals, ILogger<CreateCertificateHandler> logger)
{
    public const string Path = "/istio.v1.auth.IstioCertificateService/CreateCertificate";

    /// <summary>A CSR of 8 KB as PEM, with a little room for the rest of the message.</summary>
    public const int MaxMessageBytes = CsrPem.MaxChars + 4096;

    private const string Api = "istio";
    private const string IdempotencyHeader = "mesh-idempotency-key";
    private const int MaxIdempotencyKeyChars = 128;
    private const string ImpersonatedIdentity = "ImpersonatedIdentity";
    private const string CertSigner = "CertSigner";
    private const int MaxCertSignerChars = 253;

    /// <summary>Above this a number of seconds is no life but nonsense, and would overflow clocks.</summary>
    private const long MaxValiditySeconds = 100L * 365 * 86_400;

    private static readonly Refusal ImpersonationRefused = new(
        RefusalCode.Unauthenticated, "impersonation_refused",
        "request impersonation authentication failure: this control plane does not check nodes yet, so no caller may ask for another's identity");

    public async ValueTask<IstioCertificateResponse> HandleAsync(IstioCertificateRequest request, RpcServerContext context)
    {
        var http = context.HttpContext;
        var started = metrics.Start();
        AuthenticatedCaller? caller = null;
        Refusal refusal;
        try
        {
            using var call = await intake.AdmitAsync(http, context.CancellationToken);
            caller = call.Caller;
            if (!call.Succeeded)
            {
                refusal = call.Refusal;
            }
            else if (CheckMetadata(request.Metadata) is { } bad)
            {
                refusal = bad;
            }
            else if (ReadRequest(request, call.Caller, http, out var ask) is { } malformed)
            {
                refusal = malformed;
            }
            else
            {
                var result = await issuance.IssueAsync(ask!, context.CancellationToken);
                if (result.Succeeded)
                {
                    metrics.Issued(Api, started);
                    return Reply(result.Svid);
                }

                refusal = result.Refusal;
            }
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            metrics.Refused(Api, "cancelled", started);
            throw;
        }
        catch (Exception e)
        {
            refusal = RefusalMap.Of(e) ?? RefusalMap.Unforeseen;
            if (refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), http.Request.Method, Path);
            }
        }

        metrics.Refused(Api, refusal.Reason, started);
        refusals.Tell(Api, http, caller?.Name ?? http.Connection.RemoteIpAddress?.ToString() ?? "unknown", refusal);
        throw IstioRefusal.Of(refusal, RequestId.Of(http));
    }

    /// <summary>Leaf, each intermediate as an element of its own with a trailing newline, and every root in the last one.</summary>
    private static IstioCertificateResponse Reply(IssuedSvid svid)
    {
        var response = new IstioCertificateResponse();
        response.CertChain.Add(PemWriter.EncodeCertificate(svid.LeafDer));
        PemBlocks.AddEach(svid.IssuerChainPem, response.CertChain);
        response.CertChain.Add(svid.BundlePem);
        return response;
    }

    private static Refusal? ReadRequest(IstioCertificateRequest request, AuthenticatedCaller caller, HttpContext http, out SvidRequest? ask)
    {
        ask = null;
        if (!CsrPem.TryDecode(request.Csr, out var der, out var error))
        {
            return new Refusal(RefusalCode.InvalidArgument, "csr_malformed", error);
        }

        if (request.ValidityDuration > MaxValiditySeconds)
        {
            return new Refusal(
                RefusalCode.InvalidArgument, "ttl_too_long", $"requested TTL {request.ValidityDuration}s is greater than any life that is given");
        }

        var keys = http.Request.Headers[IdempotencyHeader];
        if (keys.Count > 1 || keys is [{ Length: 0 or > MaxIdempotencyKeyChars }])
        {
            return new Refusal(
                RefusalCode.InvalidArgument, "idempotency_key_malformed", $"{IdempotencyHeader} is one value of 1 to {MaxIdempotencyKeyChars} characters");
        }

        TimeSpan? ttl = request.ValidityDuration > 0 ? TimeSpan.FromSeconds(request.ValidityDuration) : null;
        ask = new SvidRequest(caller, der, ttl, RequestId.Of(http), keys.Count == 1 ? keys[0] : null);
        return null;
    }

    private static Refusal? CheckMetadata(Struct? metadata)
    {
        if (metadata is null)
        {
            return null;
        }

        // Whatever it holds, asking for another's identity is never overlooked.
        if (metadata.Fields.TryGetValue(ImpersonatedIdentity, out var identity)
            && identity is not { KindCase: Value.KindOneofCase.NullValue } and not { KindCase: Value.KindOneofCase.StringValue, StringValue: "" })
        {
            return ImpersonationRefused;
        }

        // There is one signer; the name is checked for shape alone, since clients of several CAs always send one.
        return metadata.Fields.TryGetValue(CertSigner, out var signer)
            && (signer.KindCase != Value.KindOneofCase.StringValue || signer.StringValue.Length > MaxCertSignerChars)
            ? new Refusal(RefusalCode.InvalidArgument, "cert_signer_malformed", $"{CertSigner} is a string of at most {MaxCertSignerChars} characters")
            : null;
    }
}
