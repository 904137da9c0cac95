namespace MeshGrains.Identity;

/// <summary>Identifier octets of X.690.</summary>
internal static class DerTag
{
    public const byte Boolean = 0x01;
    public const byte Integer = 0x02;
    public const byte BitString = 0x03;
    public const byte OctetString = 0x04;
    public const byte Null = 0x05;
    public const byte Oid = 0x06;
    public const byte Utf8String = 0x0C;
    public const byte UtcTime = 0x17;
    public const byte GeneralizedTime = 0x18;
    public const byte Sequence = 0x30;
    public const byte Set = 0x31;

    public static byte Context(int number) => (byte)(0x80 | number);

    public static byte ContextConstructed(int number) => (byte)(0xA0 | number);
}
