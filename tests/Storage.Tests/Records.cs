using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>Records as the product would make them, told apart by a number.</summary>
internal static class Records
{
    public const string TrustDomain = "mesh.local";
    public const string Issuer = "4f1c2d3e00000000000000000000000000000001";

    public static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static string Serial(int number) => number.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    public static string Identity(int number) => $"spiffe://{TrustDomain}/ns/shop/sa/service-{number}";

    public static IssuanceRecord Leaf(int number, int identity = 1, string issuer = Issuer, string trustDomain = TrustDomain) => new(
        IssuanceRecordKind.X509Svid, trustDomain, Serial(number), $"spiffe://{trustDomain}/ns/shop/sa/service-{identity}", issuer,
        Start.AddMinutes(-1), Start.AddHours(1), "00112233445566778899aabbccddeeff", "k8s:prod/shop/cart",
        "ffeeddccbbaa99887766554433221100", Start, 7, SHA256.HashData(Encoding.UTF8.GetBytes(Serial(number))), Start);

    public static RegistrationEntry Entry(string id, int identity = 1, long revision = 1, params string[] selectors) => new(
        id, TrustDomain, Identity(identity), $"spiffe://{TrustDomain}/node/a",
        [.. (selectors.Length == 0 ? ["k8s:ns:shop", "k8s:sa:cart"] : selectors).Select(Parse)],
        3600, null, ["cart.shop.svc"], "internal", ["other.example"], null, Start, revision, $"op-{id}-{revision}");

    public static RegistrationTemplate Template(string id, long revision = 1, string pattern = "spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}")
        => new(id, TrustDomain, "prod", pattern, null, null, Start, revision, $"op-{id}-{revision}");

    public static DenialSet Denials(long number, params string[] subjects) => new(
        number, [.. subjects.Select(subject => new Denial(DenialKind.QuarantinedIdentity, subject, number, "test", "uid:0", Start, $"op-{number}"))]);

    public static JoinToken Token(int number) => new(
        Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(number))), TrustDomain, "entry-1", Start, Start.AddMinutes(10), "uid:0");

    private static Selector Parse(string text)
        => Selector.TryParse(text, out var selector) ? selector! : throw new ArgumentException(text);
}
