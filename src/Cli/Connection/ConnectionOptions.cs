using System.CommandLine;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>The options that say where the control plane is.</summary>
internal sealed class ConnectionOptions
{
    public const string DefaultData = ".mesh";

    private readonly Option<string?> _data = new("--data", "-d") { Description = $"Data directory of a silo on this machine. Default {DefaultData}", HelpName = "DIR" };
    private readonly Option<string?> _socket = new("--socket") { Description = "A silo's administration socket.", HelpName = "PATH" };
    private readonly Option<string?> _server = new("--server") { Description = "A gateway elsewhere; needs --bundle.", HelpName = "https://HOST:PORT" };
    private readonly Option<string?> _bundle = new("--bundle") { Description = "Trust bundle (PEM or SPIFFE JWKS) that the gateway's certificate is checked with.", HelpName = "FILE" };
    private readonly Option<string?> _trustDomain = new("--trust-domain") { Description = "Whose roots --bundle holds, where they do not say it.", HelpName = "TD" };
    private readonly Option<string?> _certificate = new("--cert") { HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { HelpName = "FILE" };

    /// <param name="command">The command that gets them.</param>
    /// <param name="certificateMeans">What the SVID of <c>--cert</c> is for.</param>
    public ConnectionOptions(Command command, string certificateMeans = "Operator's SVID (PEM chain), for administration over mutual TLS.")
    {
        _certificate.Description = certificateMeans;
        _key.Description = "The private key of --cert (PEM).";
        foreach (var option in new Option[] { _data, _socket, _server, _bundle, _trustDomain, _certificate, _key })
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="CliException">The options contradict each other, or no silo runs where they point.</exception>
    public Connection Resolve(Invocation call)
    {
        var (data, socket, server) = (call.Get(_data), call.Get(_socket), call.Get(_server));
        if (new[] { data, socket, server }.Count(given => given is not null) > 1)
        {
            throw CliException.Usage("Give one of --data, --socket and --server.");
        }

        var svid = Svid(call);
        if (socket is not null)
        {
            return new Connection(Path.GetFullPath(socket), null, null, svid, call.Host.Time);
        }

        if (server is not null)
        {
            var bundle = call.Get(_bundle) ?? throw CliException.Usage("--server needs --bundle: the trust bundle that its certificate is checked with.");
            return new Connection(null, Address(server, "--server"), () => TrustBundleFile.Load(bundle, TrustDomainOf(call)), svid, call.Host.Time);
        }

        var directory = data ?? DefaultData;
        var endpoints = EndpointsFile.Load(directory);
        var roots = call.Get(_bundle) ?? Path.Combine(directory, "bundle.json");
        return new Connection(
            endpoints.AdminSocket, endpoints.Gateway is { } gateway ? Address(gateway, EndpointsFile.Name) : null,
            () => TrustBundleFile.Load(roots, TrustDomainOf(call)), svid, call.Host.Time);
    }

    /// <summary>The SVID of <c>--cert</c> and <c>--key</c>; null when they are not given.</summary>
    public Func<HeldSvid>? Svid(Invocation call) => (call.Get(_certificate), call.Get(_key)) switch
    {
        (null, null) => null,
        ({ } certificate, { } key) => () => HeldSvid.Load(certificate, key),
        _ => throw CliException.Usage("--cert and --key go together."),
    };

    private TrustDomain? TrustDomainOf(Invocation call)
    {
        if (call.Get(_trustDomain) is not { } name)
        {
            return null;
        }

        return TrustDomain.TryParse(name, out var trustDomain, out var error) ? trustDomain : throw CliException.Usage($"--trust-domain: {error}");
    }

    private static Uri Address(string text, string where)
        => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.AbsolutePath == "/"
            ? address
            : throw CliException.Usage($"{where}: '{text}' is no address such as https://mesh.example.org:8443.");
}
