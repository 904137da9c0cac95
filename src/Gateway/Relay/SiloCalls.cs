using System.Net;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>Calls that a gateway makes for itself: to one silo after the other until one answers.</summary>
internal sealed class SiloCalls(SiloLinks links, IOptions<RelayOptions> options, TimeProvider time)
{
    private const int MaxAnswerBytes = 2 * 1024 * 1024;

    /// <summary>The answer's status and its body.</summary>
    /// <exception cref="GrainOperationException">No silo answered, or the last said UNAVAILABLE.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        var tried = new List<SiloLink>();
        var why = "no silo is known yet";
        while (tried.Count < options.Value.MaxAttempts && links.Choose(tried) is { } link)
        {
            tried.Add(link);
            using var patience = new CancellationTokenSource(options.Value.AttemptTimeout * 2, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            using var call = link.Enter();
            try
            {
                using var request = make();
                using var answer = await link.SendAsync(request, both.Token);
                await answer.Content.LoadIntoBufferAsync(MaxAnswerBytes, both.Token);
                var body = await answer.Content.ReadAsByteArrayAsync(both.Token);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    return (answer.StatusCode, body);
                }

                why = $"silo {link.Name} cannot serve it now";
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or ObjectDisposedException
                || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                why = $"silo {link.Name}: {failure.Message}";
                link.Eject(failure.Message);
            }
        }

        throw new GrainOperationException(RefusalCode.Unavailable, "no_silo", $"No silo could be asked: {why}.");
    }
}
