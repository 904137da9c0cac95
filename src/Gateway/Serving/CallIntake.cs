using System.Net;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>The way of every issuance call until it reaches the issuance service: admission, authentication, quota, in this order.</summary>
internal sealed class CallIntake(IAdmission admission, ICallerAuthenticator authenticator, IIssuanceService issuance)
{
    /// <summary>Of a bearer token, in bytes (DESIGN section 4).</summary>
    public const int MaxTokenChars = 16 * 1024;

    private const string Scheme = "Bearer ";
    private const string ClusterIdHeader = "clusterid";
    private const int MaxClusterIdChars = 253;
    private static readonly TimeSpan NotReadyRetry = TimeSpan.FromSeconds(1);

    public async ValueTask<AdmittedCall> AdmitAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var client = ConnectionOrigin.Of(http)?.ClientChain;
        var problem = ReadCredentials(http, client, out var credentials);
        if (problem is not null)
        {
            return AdmittedCall.Refused(null, null, problem);
        }

        var hint = client is null ? AdmissionClass.Newcomer : AdmissionClass.Renewal;
        var lease = admission.TryEnter(credentials!.RemoteAddress, hint, out var refusal);
        if (lease is null)
        {
            return AdmittedCall.Refused(null, null, refusal!);
        }

        // A join token serves once: it is not used up by a silo that could not issue for it.
        if (credentials.BearerToken is { } token && JoinTokenAuthenticator.Recognises(token) && issuance.NotReadyReason is { } why)
        {
            return AdmittedCall.Refused(lease, null, new Refusal(
                RefusalCode.Unavailable, "not_ready", $"This silo cannot issue now, and the join token was not used: {why}.", null, NotReadyRetry));
        }

        try
        {
            var result = await authenticator.AuthenticateAsync(credentials, cancellationToken);
            if (!result.Succeeded)
            {
                return AdmittedCall.Refused(lease, null, result.Refusal);
            }

            return admission.CheckQuota(result.Caller) is { } overQuota
                ? AdmittedCall.Refused(lease, result.Caller, overQuota)
                : AdmittedCall.Of(lease, result.Caller);
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    private static Refusal? ReadCredentials(HttpContext http, ParsedClientChain? client, out CallCredentials? credentials)
    {
        credentials = null;
        var headers = http.Request.Headers;
        var authorization = headers.Authorization;
        string? token = null;
        if (authorization.Count > 0)
        {
            if (authorization.Count > 1 || authorization[0] is not { } value || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                return new Refusal(
                    RefusalCode.Unauthenticated, "authorization_malformed", "The authorization is not one 'Bearer' followed by a token.");
            }

            token = value[Scheme.Length..].Trim();
            if (token.Length > MaxTokenChars)
            {
                return new Refusal(
                    RefusalCode.Unauthenticated, "token_too_large", $"The token has {token.Length} characters; at most {MaxTokenChars} are read.");
            }
        }

        var clusterIds = headers[ClusterIdHeader];
        if (clusterIds.Count > 1 || clusterIds is [{ Length: > MaxClusterIdChars }])
        {
            return new Refusal(
                RefusalCode.Unauthenticated, "clusterid_malformed", $"The clusterid metadata is one value of at most {MaxClusterIdChars} characters.");
        }

        credentials = new CallCredentials
        {
            BearerToken = string.IsNullOrEmpty(token) ? null : token,
            ClientChain = client,
            RemoteAddress = http.Connection.RemoteIpAddress ?? IPAddress.Loopback,
            CallId = RequestId.Of(http),
            ClusterId = clusterIds is [{ Length: > 0 } clusterId] ? clusterId : null,
        };
        return null;
    }
}
