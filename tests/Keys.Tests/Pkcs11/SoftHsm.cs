using System.Runtime.InteropServices;
using MeshGrains.Testing;

namespace MeshGrains.Keys.Tests.Pkcs11;

/// <summary>Two SoftHSM tokens in a folder of their own, made once for all tests of a class.</summary>
public sealed partial class SoftHsm : IDisposable
{
    public const string Pin = "4711-secret-pin";
    private const string Package = "softhsm2";
    private const string Variable = "SOFTHSM2_CONF";

    private static readonly string[] Modules =
    [
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    ];

    private static SoftHsm? _ofThisProcess;

    private readonly TempDirectory _directory = new();
    private readonly Dictionary<string, string?> _environment = [];

    public SoftHsm()
    {
        Module = Modules.FirstOrDefault(File.Exists);
        if (Module is null || Tool.Find("softhsm2-util") is not { } util)
        {
            return;
        }

        Directory.CreateDirectory(_directory.File("tokens"));
        var configuration = _directory.Write("softhsm2.conf", $"directories.tokendir = {_directory.File("tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n");
        _environment[Variable] = configuration;
        foreach (var token in new[] { "mesh", "other" })
        {
            Tool.Run(util, ["--init-token", "--free", "--label", token, "--so-pin", "12345678", "--pin", Pin], environment: _environment).EnsureSuccess();
        }

        PinFile = WritePin("pin", Pin);
    }

    public string? Module { get; }

    public string PinFile { get; } = "";

    /// <summary>What another process needs in its environment to find the tokens.</summary>
    public IReadOnlyDictionary<string, string?> Variables => _environment;

    /// <summary>
    /// As <see cref="Require"/>, for tests that load the module into their own process. It looks for its tokens by a variable of the process each time that it is
    /// initialised: two owners side by side would get each other's.
    /// </summary>
    public void RequireHere()
    {
        Require();
        var owner = Interlocked.CompareExchange(ref _ofThisProcess, this, null);
        Assert.True(owner is null || owner == this, "Another class of this process loads the module for its own tokens.");
        if (owner is null)
        {
            // SoftHSM asks libc, which Environment.SetEnvironmentVariable does not tell.
            Assert.Equal(0, SetNativeEnvironment(Variable, _environment[Variable]!, 1));
        }
    }

    /// <summary>Skips where SoftHSM is not installed. Other processes find the tokens by <see cref="Variables"/>.</summary>
    public void Require() => Tool.RequireThat(Module is not null && Tool.Find("softhsm2-util") is not null, "SoftHSM", Package);

    public string WritePin(string name, string pin)
    {
        var path = _directory.Write(name, pin + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    public string Uri(string token = "mesh", string attributes = "", string? pinFile = null) =>
        $"pkcs11:token={token}{attributes}?module-path={Module}&pin-source=file:{pinFile ?? PinFile}";

    public ToolResult Pkcs11Tool(params string[] arguments)
    {
        var tool = Tool.Require("pkcs11-tool", "opensc");
        return Tool.Run(tool, ["--module", Module!, "--token-label", "mesh", "--login", "--pin", Pin, .. arguments], environment: _environment);
    }

    public void Dispose() => _directory.Dispose();

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeEnvironment(string name, string value, int overwrite);
}
