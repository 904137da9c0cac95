using System.Globalization;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// The bytes that a silo signs to ask for an issuing CA: a context line and every field, one a line; no field can hold a line break.
/// The cluster key in it keeps a request from being replayed to another cluster.
/// </summary>
public static class IssuingCaRequestStatement
{
    public static byte[] Encode(string clusterKey, string operationId, string silo, ReadOnlySpan<byte> subjectPublicKeyInfo, DateTimeOffset requestedAt) =>
        Encoding.UTF8.GetBytes(string.Join('\n',
            "MeshGrains issuing CA request v1",
            clusterKey,
            operationId,
            silo,
            Convert.ToHexStringLower(subjectPublicKeyInfo),
            requestedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
}
