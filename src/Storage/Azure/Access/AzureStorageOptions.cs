using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Storage.Blobs;

namespace MeshGrains.Storage;

/// <summary>Where state and issuance log lie on Azure Storage, and what opens them: account keys from files, or a token credential.</summary>
public sealed partial class AzureStorageOptions
{
    /// <summary>Blob service of the state: <c>https://ACCOUNT.blob.core.windows.net</c>, or <c>http://127.0.0.1:10000/ACCOUNT</c> on loopback.</summary>
    public required string BlobEndpoint { get; init; }

    /// <summary>Blob service of the issuance log; empty: <see cref="BlobEndpoint"/>.</summary>
    public string LogBlobEndpoint { get; init; } = "";

    public string Container { get; init; } = "meshgrains";

    public string LogContainer { get; init; } = "meshgrains-log";

    /// <summary>File with the account key, read once; empty: <see cref="Credential"/>.</summary>
    public string AccountKeyFile { get; init; } = "";

    /// <summary>File with the log account's key; empty: <see cref="AccountKeyFile"/>.</summary>
    public string LogAccountKeyFile { get; init; } = "";

    /// <summary>Workload or managed identity, for where no account key is given.</summary>
    public TokenCredential? Credential { get; init; }

    /// <summary>How long one try may stand still. A request has three tries, so that it ends after little more than three times this.</summary>
    public TimeSpan NetworkTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The last word on a client's options, for tests that stand between the client and its store.</summary>
    internal Action<BlobClientOptions>? Customise { get; init; }

    internal Uri StateUri => Parse(BlobEndpoint, "storage.blobEndpoint");

    internal Uri LogUri => LogBlobEndpoint.Length == 0 ? StateUri : Parse(LogBlobEndpoint, "storage.logBlobEndpoint");

    internal string EffectiveLogKeyFile => LogAccountKeyFile.Length == 0 ? AccountKeyFile : LogAccountKeyFile;

    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public void Validate()
    {
        var (state, log) = (StateUri, LogUri);
        RequireContainer(Container, "storage.container");
        RequireContainer(LogContainer, "storage.logContainer");
        if (state == log && Container == LogContainer)
        {
            throw new ArgumentException("State and issuance log must not share a container: give storage.logContainer another name than storage.container.");
        }

        if (LogBlobEndpoint.Length > 0 && state != log && AccountKeyFile.Length > 0 && LogAccountKeyFile.Length == 0)
        {
            throw new ArgumentException("The log lies in another account than the state: name the file with its key in storage.logAccountKeyFile.");
        }

        RequireCredential(AccountKeyFile, "storage.accountKeyFile", state);
        RequireCredential(EffectiveLogKeyFile, "storage.logAccountKeyFile", log);
        if (NetworkTimeout < TimeSpan.FromMilliseconds(100) || NetworkTimeout > TimeSpan.FromMinutes(1))
        {
            throw new ArgumentException($"The blob stores' network timeout is {NetworkTimeout}; give a time from 100ms to 1m.");
        }
    }

    /// <summary>The account's name: the first label of the host, or the path where the host is an address.</summary>
    internal static string AccountOf(Uri endpoint)
        => endpoint.AbsolutePath.Trim('/') is { Length: > 0 } path ? path : endpoint.Host.Split('.')[0];

    private static Uri Parse(string text, string option)
    {
        const string Shape = "give https://ACCOUNT.blob.core.windows.net, or http://127.0.0.1:PORT/ACCOUNT for an emulator on this machine";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            throw new ArgumentException($"{option} is '{text}', no URL of a blob service; {Shape}.");
        }

        if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            // The text may hold a signature: it is not repeated.
            throw new ArgumentException($"{option} carries a query, a fragment or a user; signatures (SAS) are not taken: {Shape}.");
        }

        var isAddress = uri.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6;
        var segments = uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Length;
        if (uri.Host == "localhost" || segments != (isAddress ? 1 : 0))
        {
            throw new ArgumentException(
                $"{option} is '{text}': the account is the first label of a host name, or the one path segment after an address (not 'localhost'); {Shape}.");
        }

        return uri.Scheme == Uri.UriSchemeHttps || (isAddress && uri.IsLoopback)
            ? uri
            : throw new ArgumentException($"{option} is '{text}': plain http reaches no further than this machine; {Shape}.");
    }

    private static void RequireContainer(string name, string option)
    {
        if (!ContainerName().IsMatch(name))
        {
            throw new ArgumentException($"{option} is '{name}'; a container's name has 3 to 63 lowercase letters, digits and single hyphens between them.");
        }
    }

    private void RequireCredential(string keyFile, string option, Uri endpoint)
    {
        if (keyFile.Length == 0 && Credential is null)
        {
            throw new ArgumentException($"Nothing opens {endpoint}: name a file with the account's key in {option}, or run with a workload or managed identity.");
        }

        if (keyFile.Length == 0 && endpoint.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"{endpoint} is no https URL, and a token is sent over nothing else: name a file with the account's key in {option}.");
        }
    }

    [GeneratedRegex("^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex ContainerName();
}
