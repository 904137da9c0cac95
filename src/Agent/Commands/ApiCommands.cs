using System.CommandLine;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent api</c>: the Workload API as a workload sees it, with the identity of whoever runs the command.</summary>
internal static class ApiCommands
{
    private const string Method = "/SpiffeWorkloadAPI/FetchX509SVID";
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static Command Create()
    {
        var fetch = new Command("fetch", "Fetch once.") { Fetch() };
        return new Command("api", "Call the Workload API of the agent on this node.") { fetch, Watch() };
    }

    private static Command Fetch()
    {
        var socket = new SocketOption();
        var write = new Option<string?>("--write") { Description = "Directory to write svid.N.pem, svid.N.key (0600) and bundle.N.pem into.", HelpName = "DIR" };
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = _ => 10 };
        var command = new Command("x509", "Fetch the X.509-SVIDs of this process.") { write, timeout };
        socket.AddTo(command);
        command.SetAction((arguments, cancellationToken) => RunAsync(socket, arguments, TimeSpan.FromSeconds(arguments.GetValue(timeout)), async call =>
        {
            if (await call.ReadAsync() is { } response)
            {
                Print(response);
                Write(response, arguments.GetValue(write));
            }
        }, cancellationToken));
        return command;
    }

    private static Command Watch()
    {
        var socket = new SocketOption();
        var command = new Command("watch", "Print the X.509-SVIDs of this process at each change, until Ctrl-C.");
        socket.AddTo(command);
        command.SetAction((arguments, cancellationToken) => RunAsync(socket, arguments, null, async call =>
        {
            await foreach (var response in call)
            {
                Print(response);
            }
        }, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        SocketOption socket, ParseResult arguments, TimeSpan? timeout, Func<RpcServerStreamingCall<X509SVIDResponse>, Task> take, CancellationToken cancellationToken)
    {
        using var channel = socket.Open(arguments);
        var options = new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } }, Timeout = timeout };
        using var call = channel.ServerStreaming(Method, new X509SVIDRequest(), X509SVIDResponse.Parser, options, cancellationToken);
        try
        {
            await take(call);
            return 0;
        }
        catch (RpcException failure)
        {
            await Console.Error.WriteLineAsync($"{failure.StatusCode}: {failure.Detail}");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static void Print(X509SVIDResponse response)
    {
        foreach (var svid in response.Svids)
        {
            var chain = Split(svid.X509Svid.Memory);
            Console.WriteLine($"SPIFFE ID:  {svid.SpiffeId}{(svid.Hint.Length > 0 ? $"  (hint {svid.Hint})" : "")}");
            Console.WriteLine($"Serial:     {chain[0].SerialHex}");
            Console.WriteLine($"Valid:      {chain[0].NotBefore:u} to {chain[0].NotAfter:u}");
            Console.WriteLine($"Chain:      {chain.Count} certificates; {Split(svid.Bundle.Memory).Count} roots");
        }

        foreach (var domain in response.FederatedBundles.Keys.Order(StringComparer.Ordinal))
        {
            Console.WriteLine($"Federated:  {domain}");
        }
    }

    private static void Write(X509SVIDResponse response, string? directory)
    {
        if (directory is null)
        {
            return;
        }

        Directory.CreateDirectory(directory);
        for (var i = 0; i < response.Svids.Count; i++)
        {
            var svid = response.Svids[i];
            WriteFile(Path.Combine(directory, $"svid.{i}.pem"), PemWriter.EncodeCertificates(Split(svid.X509Svid.Memory).Select(certificate => certificate.Der)), secret: false);
            WriteFile(Path.Combine(directory, $"svid.{i}.key"), PemWriter.Encode("PRIVATE KEY", svid.X509SvidKey.Span), secret: true);
            WriteFile(Path.Combine(directory, $"bundle.{i}.pem"), PemWriter.EncodeCertificates(Split(svid.Bundle.Memory).Select(certificate => certificate.Der)), secret: false);
        }
    }

    private static void WriteFile(string path, string text, bool secret)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (secret)
        {
            options.UnixCreateMode = Secret;
        }

        using var writer = new StreamWriter(path, options);
        writer.Write(text);
    }

    /// <summary>DER certificates one after another.</summary>
    private static List<ParsedCertificate> Split(ReadOnlyMemory<byte> der)
    {
        var certificates = new List<ParsedCertificate>();
        while (der.Length > 0)
        {
            System.Formats.Asn1.AsnDecoder.ReadSequence(der.Span, System.Formats.Asn1.AsnEncodingRules.DER, out _, out _, out var length);
            certificates.Add(ParsedCertificate.Read(der[..length]));
            der = der[length..];
        }

        return certificates;
    }
}
