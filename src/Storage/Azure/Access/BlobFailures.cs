using Azure;
using Azure.Storage.Blobs;

namespace MeshGrains.Storage;

/// <summary>Turns what the SDK throws into sentences that say what to do, without its dumps of headers.</summary>
internal static class BlobFailures
{
    public static bool IsNotFound(RequestFailedException failure) => failure is { Status: 404 } && failure.ErrorCode == "BlobNotFound";

    /// <summary>The condition of a write did not hold: another writer, or an earlier try of this very write, was first.</summary>
    public static bool IsConflict(RequestFailedException failure) => failure.Status == 412 || (failure.Status == 409 && failure.ErrorCode == "BlobAlreadyExists");

    /// <returns>Null when the failure is none of the store's.</returns>
    public static BlobStoreException? Explain(Exception failure, BlobContainerClient container, CancellationToken cancellationToken)
    {
        if (failure is BlobStoreException explained)
        {
            return explained;
        }

        if (cancellationToken.IsCancellationRequested && failure is OperationCanceledException)
        {
            return null;
        }

        var last = failure is AggregateException { InnerExceptions.Count: > 0 } several ? several.InnerExceptions[^1] : failure;
        var store = $"The blob container {container.Uri}";
        return last switch
        {
            RequestFailedException { Status: > 0 } refused => new BlobStoreException($"{store} {Reason(refused)} ({refused.Status} {refused.ErrorCode})"),
            OperationCanceledException => new BlobStoreException(
                $"{store} did not answer in time. Check that the service runs and that the network lets this machine reach it."),
            RequestFailedException or HttpRequestException or IOException => new BlobStoreException(
                $"{store} cannot be reached: {last.GetBaseException().Message}. Check storage.blobEndpoint and storage.logBlobEndpoint, and the account's network rules."),
            _ => null,
        };
    }

    private static string Reason(RequestFailedException refused) => (refused.Status, refused.ErrorCode) switch
    {
        (403, "AuthorizationPermissionMismatch" or "InsufficientAccountPermissions") =>
            "denies this identity. Give it the role Storage Blob Data Contributor on the container; where the container is missing, on the account, or make the container first.",
        (403, "AuthorizationFailure") => "denies this machine or credential. Check the account key or the identity's roles, and the account's network rules.",
        (401 or 403, "KeyBasedAuthenticationNotPermitted") => "takes no account keys. Leave storage.accountKeyFile empty and run with a workload or managed identity.",
        (401 or 403, _) => "refuses the credential. Check the account key (is it this account's and current?) or the identity's tenant, and this machine's clock.",
        (404, "ContainerNotFound") => "is gone. Nothing in this product removes it; restore it, or check the container's name.",
        (404, _) => "knows no such resource; check the endpoint and the account's name.",
        (409, "ContainerBeingDeleted") => "is being deleted. Nothing in this product removes it; give another container, or wait and restore.",
        (429 or 500 or 503, _) => "is busy or failing. The store recovers by itself or the account is at its limits; see the account's metrics.",
        _ => "refused a request.",
    };
}
