using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Rest;

/// <summary>An answer of several parts, where one that cannot be asked right now is named instead of failing the rest.</summary>
internal sealed class PartialAnswer(HttpContext http, string whole, ILogger logger)
{
    private readonly List<string> _problems = [];

    public IReadOnlyList<string> Problems => _problems;

    public void Add(string problem) => _problems.Add(problem);

    /// <summary>The part, or null and a problem in words.</summary>
    public async Task<T?> AskAsync<T>(string what, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            var refusal = RefusalMap.Of(e);
            if (refusal is null || refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), $"{whole} of", what);
            }

            _problems.Add($"{what}: {(refusal ?? RefusalMap.Unforeseen).Message}");
            return null;
        }
    }
}
