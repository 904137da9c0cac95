using System.Globalization;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WorkloadExample;

// workload-example serve PORT CLIENT-ID
// workload-example call PORT SERVER-ID [ROTATIONS]   ROTATIONS: how many new certificates of its own and of the server it waits for
var patience = TimeSpan.FromSeconds(60);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) => (pressed.Cancel, _) = (true, stop.CancelAsync());
switch (args)
{
    case ["serve", var port, var client]:
        await ServeAsync(int.Parse(port, CultureInfo.InvariantCulture), SpiffeId.Parse(client));
        return 0;
    case ["call", var port, var server, .. var rest]:
        return await CallAsync(port, SpiffeId.Parse(server), rest is [var rotations] ? int.Parse(rotations, CultureInfo.InvariantCulture) : 0);
    default:
        await Console.Error.WriteLineAsync("usage: workload-example serve PORT CLIENT-ID | call PORT SERVER-ID [ROTATIONS]");
        return 2;
}

async Task ServeAsync(int port, SpiffeId client)
{
    var svids = new SvidSource("server");
    _ = svids.RunAsync(stop.Token);
    await svids.FirstAsync(patience);
    var builder = WebApplication.CreateSlimBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Warning);

    // Asked at each handshake: a new connection gets the newest certificate, a standing one is not disturbed.
    builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port, listen => listen.UseHttps(
        new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(svids.Current.ServerOptions(client)) })));
    await using var app = builder.Build();
    app.MapGet("/", (RequestDelegate)(http => http.Response.WriteAsync($"hello {client}, this is {svids.Current.Id}, certificate {svids.Current.Serial}")));
    await app.StartAsync(stop.Token);
    await app.WaitForShutdownAsync(stop.Token);
}

async Task<int> CallAsync(string port, SpiffeId server, int rotations)
{
    var svids = new SvidSource("client");
    _ = svids.RunAsync(stop.Token);
    await svids.FirstAsync(patience);
    stop.CancelAfter(patience);
    var (calls, own, theirs) = (0, new HashSet<string>(), new HashSet<string>());
    try
    {
        while (Math.Min(own.Count, theirs.Count) <= rotations)
        {
            // A program keeps its client and makes another when its SVID is new. Here each call has one, so that each shows a handshake.
            var svid = svids.Current;
            using var http = new HttpClient(new SocketsHttpHandler { SslOptions = svid.ClientOptions(server) });
            var answer = await http.GetStringAsync(new Uri($"https://localhost:{port}/"), stop.Token);
            calls++;
            own.Add(svid.Serial);
            if (theirs.Add(answer.Split(' ')[^1]) && calls == 1)
            {
                Console.WriteLine(answer);
            }

            await Task.Delay(50, stop.Token);
        }
    }
    catch (HttpRequestException failure)
    {
        await Console.Error.WriteLineAsync($"refused: {failure.InnerException?.Message ?? failure.Message}");
        return 1;
    }
    catch (OperationCanceledException)
    {
        await Console.Error.WriteLineAsync($"only {own.Count} own and {theirs.Count} server certificates in {patience.TotalSeconds:0} s");
        return 1;
    }

    Console.WriteLine($"{calls} calls, none failed; certificates seen: {own.Count} own, {theirs.Count} of the server");
    return 0;
}
