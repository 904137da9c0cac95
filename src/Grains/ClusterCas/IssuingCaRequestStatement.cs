using System.Globalization;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// The bytes that a silo signs to ask for an issuing CA: a context line and every field, one a line; no field can hold a line break.
/// The cluster key in it keeps a request from being replayed to another cluster.
/// </summary>
public static class IssuingCaRequestStatement
{
    public static byte[] Encode(string clusterKey, IssuingCaRequest request) =>
        Encoding.UTF8.GetBytes(string.Join('\n',
            "MeshGrains issuing CA request v2",
            clusterKey,
            request.OperationId,
            request.Silo,
            request.Incarnation,
            request.RelayEndpoint,
            Convert.ToHexStringLower(request.SubjectPublicKeyInfo),
            request.RequestedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
}
