namespace MeshGrains.Gateway.Acme;

/// <summary>RFC 8555 section 7.1.1, of it what is used; <paramref name="RenewalInfo"/> by RFC 9773.</summary>
internal sealed record AcmeDirectory(Uri NewNonce, Uri NewAccount, Uri NewOrder, Uri? RenewalInfo = null, AcmeDirectoryMeta? Meta = null);

internal sealed record AcmeDirectoryMeta(bool ExternalAccountRequired = false);

/// <summary>RFC 8555 section 7.1.3.</summary>
internal sealed record AcmeOrderBody(
    string Status, IReadOnlyList<Uri>? Authorizations = null, Uri? Finalize = null, Uri? Certificate = null, AcmeProblem? Error = null);

/// <summary>RFC 8555 section 7.1.4.</summary>
internal sealed record AcmeAuthorizationBody(string Status, IReadOnlyList<AcmeChallengeBody>? Challenges = null);

/// <summary>RFC 8555 section 8.</summary>
internal sealed record AcmeChallengeBody(string Type, Uri? Url = null, string? Token = null, AcmeProblem? Error = null);

/// <summary>RFC 7807, as RFC 8555 section 6.7 uses it.</summary>
internal sealed record AcmeProblem(string? Type = null, string? Detail = null);

/// <summary>RFC 9773 section 4.2.</summary>
internal sealed record AcmeRenewalBody(AcmeRenewalWindow? SuggestedWindow = null);

internal sealed record AcmeRenewalWindow(DateTimeOffset Start, DateTimeOffset End);
