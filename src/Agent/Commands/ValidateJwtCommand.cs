using System.CommandLine;
using Google.Protobuf;
using MeshGrains.Cli;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary><c>api validate jwt</c>.</summary>
internal static class ValidateJwtCommand
{
    private const string Method = "/SpiffeWorkloadAPI/ValidateJWTSVID";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var call = new WorkloadApiCall();
        var audience = new Option<string>("--audience", "-audience") { Description = "Who the token has to be for.", HelpName = "TEXT", Required = true };
        var svid = new Option<string>("--svid", "-svid") { Description = "The token; - reads it from stdin, where no list of processes shows it.", HelpName = "TOKEN", Required = true };
        var command = new TaughtCommand(
            "jwt", "Ask the agent whether a JWT-SVID is to be believed.", "api validate jwt --audience spiffe://example.org/db --svid eyJ…",
            "api validate jwt --audience spiffe://example.org/db --svid - < token")
        {
            audience, svid,
        };
        call.AddTo(command);
        command.SetAction((arguments, cancellationToken) => call.RunAsync(arguments, Timeout, async (channel, options) =>
        {
            var token = arguments.GetValue(svid)!;
            var request = new ValidateJWTSVIDRequest
            {
                Audience = arguments.GetValue(audience), Svid = token == "-" ? (await Console.In.ReadLineAsync(cancellationToken) ?? "").Trim() : token,
            };
            var response = await channel.UnaryAsync(Method, request, ValidateJWTSVIDResponse.Parser, options, cancellationToken);
            var output = arguments.InvocationConfiguration.Output;
            await output.WriteLineAsync("SVID is valid.");
            await output.WriteLineAsync($"SPIFFE ID:  {response.SpiffeId}");
            await output.WriteLineAsync($"Claims:     {JsonFormatter.Default.Format(response.Claims)}");
        }, cancellationToken));
        return command;
    }
}
