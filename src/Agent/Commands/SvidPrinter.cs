using System.Text.Json;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Commands;

/// <summary>An answer of the Workload API for people and for scripts; never a key.</summary>
internal static class SvidPrinter
{
    public static void Print(X509SVIDResponse response, bool asJson, TextWriter output)
    {
        if (asJson)
        {
            output.WriteLine(Json(response).ToJsonString(new JsonSerializerOptions { WriteIndented = false }));
            return;
        }

        output.WriteLine($"{response.Svids.Count} {(response.Svids.Count == 1 ? "SVID" : "SVIDs")}");
        foreach (var svid in response.Svids)
        {
            var chain = DerChain.Split(svid.X509Svid.Memory);
            output.WriteLine();
            output.WriteLine($"SPIFFE ID:  {svid.SpiffeId}{(svid.Hint.Length > 0 ? $"  (hint {svid.Hint})" : "")}");
            output.WriteLine($"Serial:     {chain[0].SerialHex}");
            output.WriteLine($"Valid:      {chain[0].NotBefore:u} to {chain[0].NotAfter:u}");
            output.WriteLine($"Chain:      {chain.Count} certificates; {DerChain.Split(svid.Bundle.Memory).Count} roots");
        }

        foreach (var domain in response.FederatedBundles.Keys.Order(StringComparer.Ordinal))
        {
            output.WriteLine($"Federated:  {domain}, {DerChain.Split(response.FederatedBundles[domain].Memory).Count} roots");
        }
    }

    private static JsonObject Json(X509SVIDResponse response) => new()
    {
        ["svids"] = new JsonArray([.. response.Svids.Select(svid =>
        {
            var chain = DerChain.Split(svid.X509Svid.Memory);
            return new JsonObject
            {
                ["spiffeId"] = svid.SpiffeId, ["hint"] = svid.Hint, ["serial"] = chain[0].SerialHex, ["notBefore"] = $"{chain[0].NotBefore:O}", ["notAfter"] = $"{chain[0].NotAfter:O}",
                ["chain"] = PemWriter.EncodeCertificates(chain.Select(certificate => certificate.Der)),
                ["bundle"] = PemWriter.EncodeCertificates(DerChain.Split(svid.Bundle.Memory).Select(certificate => certificate.Der)),
            };
        })]),
        ["federatedBundles"] = new JsonObject(response.FederatedBundles.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair =>
            KeyValuePair.Create<string, JsonNode?>(pair.Key, PemWriter.EncodeCertificates(DerChain.Split(pair.Value.Memory).Select(certificate => certificate.Der))))),
    };
}
