using System.Globalization;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>The bytes that a silo signs to release an issuing CA, in the form of <see cref="IssuingCaRequestStatement"/>.</summary>
public static class ReleaseIssuingCaStatement
{
    public static byte[] Encode(string clusterKey, ReleaseIssuingCa release) =>
        Encoding.UTF8.GetBytes(string.Join('\n',
            "MeshGrains issuing CA release v1",
            clusterKey,
            release.AuthorityId,
            release.Silo,
            release.Incarnation,
            release.RequestedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
}
