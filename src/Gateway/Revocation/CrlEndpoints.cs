using System.Globalization;
using System.Text;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Revocation;

/// <summary>
/// <c>/crl/AUTHORITY-ID.crl</c> (DER) for anyone, and <c>/crl/all.pem</c> with all lists one after another, as nginx and haproxy read them; where lists are made. On the plain
/// listener too: lists are signed, and who needs one to judge a certificate cannot ask for it over TLS.
/// </summary>
internal sealed class CrlEndpoints(ICrlSource source, TimeProvider time)
{
    private const string Der = ".crl";

    /// <summary>How long a copy may be kept: a list that changed is wanted soon, whatever the old one says of its end.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private static readonly Refusal None = new(
        RefusalCode.NotFound, "no_such_crl", "There is no revocation list of this name; it is AUTHORITY-ID.crl of a root or an issuing CA that has not ended, or all.pem.");

    public void Map(IEndpointRouteBuilder endpoints)
    {
        if (source.IsOn)
        {
            endpoints.MapMethods("/crl/{name}", ["GET"], AnswerAsync).WithMetadata(Access.Open(ListenerKinds.Mesh | ListenerKinds.Operations | ListenerKinds.Admin | ListenerKinds.Relay));
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            var name = (string)http.Request.RouteValues["name"]!;
            var lists = await source.ListAsync(http.RequestAborted);
            if (name == "all.pem")
            {
                var tag = string.Join('-', lists.Select(list => list.Number.ToString(CultureInfo.InvariantCulture)));
                await ConditionalAnswer.WriteAsync(
                    http, "application/x-pem-file", $"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes(tag)))[..32]}\"",
                    CacheControl(KeptFor), Encoding.ASCII.GetBytes(string.Concat(lists.Select(list => PemWriter.Encode("X509 CRL", list.Der)))));
            }
            else if (name.EndsWith(Der, StringComparison.Ordinal) && lists.FirstOrDefault(list => list.AuthorityId == name[..^Der.Length]) is { } list)
            {
                var left = list.NextUpdate - time.GetUtcNow();
                await ConditionalAnswer.WriteAsync(
                    http, "application/pkix-crl", $"\"{list.Number.ToString(CultureInfo.InvariantCulture)}\"",
                    CacheControl(left < KeptFor ? left > TimeSpan.Zero ? left : TimeSpan.Zero : KeptFor), list.Der);
            }
            else
            {
                await ProblemWriter.WriteAsync(http, None);
            }
        }
        catch (GrainOperationException failure)
        {
            await ProblemWriter.WriteAsync(http, RefusalMap.Of(failure) ?? RefusalMap.Unforeseen);
        }
    }

    private static string CacheControl(TimeSpan age) => $"public, max-age={((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture)}";
}
