using System.Globalization;

namespace MeshGrains.Keys.Azure;

/// <summary>The vault's refusal, or (status 0) no answer at all. Only codes are kept: the vault's prose could quote what it was sent.</summary>
internal sealed class VaultRequestException(int status, string? code, string? requestId, TimeSpan? retryAfter, Exception? inner = null)
    : Exception(Describe(status, code, requestId), inner)
{
    public int Status => status;

    public string? Code => code;

    public TimeSpan? RetryAfter => retryAfter;

    public bool IsThrottled => status == 429;

    public bool IsFault => status is 0 or 408 or >= 500;

    public KeyManagerException ToKeyManagerException(string what)
    {
        var (kind, advice) = status switch
        {
            429 => (KeyManagerError.Throttled, "The vault's limits are shared by all of its callers: see what else calls it."),
            401 => (KeyManagerError.Denied, "The vault took no token of this process: check the tenant, and that the clock is right."),
            403 when code is "KeyDisabled" or "KeyExpired" or "KeyNotYetValid" => (KeyManagerError.Disabled, "Enable the key version or mend its dates."),
            403 => (KeyManagerError.Denied, "Give this process's identity the role Key Vault Crypto User (and, to make keys, Crypto Officer) and open the vault's firewall to it."),
            404 => (KeyManagerError.NotFound, "Check the vault, the key's name and its version."),
            409 when code is "ObjectIsDeletedButRecoverable" => (KeyManagerError.Invalid, "A deleted key keeps the name: recover or purge it."),
            0 or 408 or >= 500 => (KeyManagerError.Unavailable, "It is tried again later."),
            _ => (KeyManagerError.Invalid, "The vault does not take the request."),
        };
        return new KeyManagerException(kind, $"{what}: {Message} {advice}", InnerException) { RetryAfter = retryAfter };
    }

    private static string Describe(int status, string? code, string? requestId)
    {
        if (status == 0)
        {
            return "the vault did not answer.";
        }

        var id = requestId is null ? "" : $", request {requestId}";
        return string.Create(CultureInfo.InvariantCulture, $"the vault answered {status} {code ?? "without a code"}{id}.");
    }
}
