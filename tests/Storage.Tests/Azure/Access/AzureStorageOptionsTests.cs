using MeshGrains.Testing;

namespace MeshGrains.Storage.Tests;

public sealed class AzureStorageOptionsTests
{
    private const string Account = "https://meshstate.blob.core.windows.net";

    [Theory]
    [InlineData("https://meshstate.blob.core.windows.net", "meshstate")]
    [InlineData("https://meshstate.privatelink.blob.core.windows.net/", "meshstate")]
    [InlineData("http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1")]
    [InlineData("https://10.0.0.4:10000/devstoreaccount1", "devstoreaccount1")]
    public void An_endpoint_names_its_account(string endpoint, string account)
    {
        var options = new AzureStorageOptions { BlobEndpoint = endpoint, AccountKeyFile = "key" };
        options.Validate();
        Assert.Equal(account, AzureStorageOptions.AccountOf(options.StateUri));
    }

    [Theory]
    [InlineData("", "no URL of a blob service")]
    [InlineData("meshstate", "no URL of a blob service")]
    [InlineData("ftp://meshstate.blob.core.windows.net", "no URL of a blob service")]
    [InlineData("http://meshstate.blob.core.windows.net", "plain http")]
    [InlineData("http://10.0.0.4:10000/devstoreaccount1", "plain http")]
    [InlineData("https://meshstate.blob.core.windows.net/container", "the account is")]
    [InlineData("http://127.0.0.1:10000", "the account is")]
    [InlineData("http://localhost:10000/devstoreaccount1", "the account is")]
    public void An_endpoint_that_cannot_serve_is_refused_with_the_shape_it_needs(string endpoint, string reason)
    {
        var refused = Assert.Throws<ArgumentException>(() => new AzureStorageOptions { BlobEndpoint = endpoint, AccountKeyFile = "key" }.Validate());
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains("storage.blobEndpoint", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_in_an_endpoint_is_refused_and_not_repeated()
    {
        var refused = Assert.Throws<ArgumentException>(
            () => new AzureStorageOptions { BlobEndpoint = $"{Account}?sig=c2VjcmV0", AccountKeyFile = "key" }.Validate());
        Assert.DoesNotContain("c2VjcmV0", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("Mesh")]
    [InlineData("mesh--grains")]
    [InlineData("-mesh")]
    [InlineData("mesh_grains")]
    public void A_container_name_that_azure_refuses_is_refused_here(string name)
    {
        Assert.Throws<ArgumentException>(() => new AzureStorageOptions { BlobEndpoint = Account, AccountKeyFile = "key", Container = name }.Validate());
        Assert.Throws<ArgumentException>(() => new AzureStorageOptions { BlobEndpoint = Account, AccountKeyFile = "key", LogContainer = name }.Validate());
    }

    [Fact]
    public void State_and_log_never_share_a_container()
        => Assert.Throws<ArgumentException>(() => new AzureStorageOptions { BlobEndpoint = Account, AccountKeyFile = "key", LogContainer = "meshgrains" }.Validate());

    [Fact]
    public void A_store_that_nothing_opens_is_refused()
    {
        var refused = Assert.Throws<ArgumentException>(() => new AzureStorageOptions { BlobEndpoint = Account }.Validate());
        Assert.Contains("storage.accountKeyFile", refused.Message, StringComparison.Ordinal);
        refused = Assert.Throws<ArgumentException>(() => new AzureStorageOptions
        {
            BlobEndpoint = Account, LogBlobEndpoint = "https://meshlog.blob.core.windows.net", AccountKeyFile = "key",
        }.Validate());
        Assert.Contains("storage.logAccountKeyFile", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_that_is_missing_or_holds_no_key_is_refused_without_its_text()
    {
        using var folder = new TempDirectory();
        Assert.Contains("cannot be read", Open(folder.File("none")).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("key"), "hunter2 hunter2");
        var refused = Open(folder.File("key"));
        Assert.Contains("holds no account key", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);

        static ArgumentException Open(string file)
            => Assert.Throws<ArgumentException>(() => new BlobAccess(new AzureStorageOptions { BlobEndpoint = Account, AccountKeyFile = file }));
    }
}
