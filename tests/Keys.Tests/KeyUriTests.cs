using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Keys.Tests;

public sealed class KeyUriTests
{
    [Theory]
    [InlineData("file:keys")]
    [InlineData("file:/var/lib/meshgrains/keys")]
    [InlineData("file:///var/lib/mesh%20grains/keys?passphrase-file=/run/secrets/passphrase")]
    [InlineData("azurekms:https://myvault.vault.azure.net")]
    [InlineData("azurekms:https://myhsm.managedhsm.azure.net/?protection=hsm")]
    [InlineData("azurekms:https://v.vault.localhost:8443?tenant-id=t&client-id=c&credential=client-secret&protection=software&api-version=7.5")]
    [InlineData("pkcs11:token=my%20token;object=mesh-;serial=0a1b?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin")]
    public void Good_URIs_are_taken(string uri) => Assert.True(KeyManagers.TryValidate(uri, out var error), error);

    [Theory]
    [InlineData("", "URI")]
    [InlineData("keys", "scheme")]
    [InlineData("awskms:key", "unknown")]
    [InlineData("file:", "directory")]
    [InlineData("file://host/keys", "directory of this machine")]
    [InlineData("file:keys?colour=blue", "colour")]
    [InlineData("file:keys?seal-key-file=a&seal-key-file=b", "twice")]
    [InlineData("file:keys?seal-key-file=a&passphrase-file=b", "not both")]
    [InlineData("file:keys?passphrase-file=", "names no file")]
    [InlineData("file:keys#x", "fragment")]
    [InlineData("azurekms:name=root;vault=v", "https")]
    [InlineData("azurekms:http://v.vault.azure.net", "https")]
    [InlineData("azurekms:https://u:p@v.vault.azure.net", "https")]
    [InlineData("azurekms:https://v.vault.azure.net/keys/root", "nothing below")]
    [InlineData("azurekms:https://127.0.0.1", "https")]
    [InlineData("azurekms:https://localhost", "https")]
    [InlineData("azurekms:https://v.vault.azure.net?api-version=6", "api-version")]
    [InlineData("azurekms:https://v.vault.azure.net?protection=strong", "protection")]
    [InlineData("azurekms:https://h.managedhsm.azure.net?protection=software", "software")]
    [InlineData("azurekms:https://v.vault.azure.net?credential=luck", "credential")]
    [InlineData("azurekms:https://v.vault.azure.net?tenant-id=a/b", "tenant-id")]
    [InlineData("pkcs11:object=x?module-path=/m.so&pin-source=file:/p", "token")]
    [InlineData("pkcs11:token=mesh?module-path=/m.so", "pin-source")]
    [InlineData("pkcs11:token=mesh?module-path=m.so&pin-source=file:/p", "absolute")]
    [InlineData("pkcs11:token=mesh?pin-source=%7Ccat%20/p", "absolute")]
    [InlineData("pkcs11:token=mesh?pin-value=hunter2", "pin-source")]
    [InlineData("pkcs11:token=mesh;pin-value=hunter2?pin-source=file:/p", "pin-source")]
    [InlineData("pkcs11:token=mesh;token=two?pin-source=file:/p", "twice")]
    [InlineData("pkcs11:token=mesh;colour=blue?pin-source=file:/p", "attributes")]
    public void Bad_URIs_are_refused_with_what_to_do(string uri, string hint)
    {
        Assert.False(KeyManagers.TryValidate(uri, out var error));
        Assert.Contains(hint, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_crashes_the_reader() => Prop.ForAll<NonNull<string>>(text =>
    {
        foreach (var scheme in new[] { "", "file:", "azurekms:https://", "pkcs11:token=" })
        {
            KeyManagers.TryValidate(scheme + text.Get, out _);
        }
    }).QuickCheckThrowOnFailure();
}
