namespace MeshGrains.Gateway;

/// <summary>
/// Section <c>limits</c>: bounds of the gateway, each with a default. An address is an IPv4 address or an IPv6 /64.
/// The rates per address are generous on purpose: many clients may stand behind one address (a node, a NAT, an east-west gateway).
/// </summary>
public sealed class LimitsOptions
{
    public const string SectionName = "limits";

    /// <summary>Calls under way in this silo.</summary>
    public int MaxConcurrentCalls { get; set; } = 2048;

    /// <summary>The part of <see cref="MaxConcurrentCalls"/> that only callers with a validated client SVID may use, 0 to 0.9.</summary>
    public double RenewalShare { get; set; } = 0.25;

    /// <summary>Calls under way from one address.</summary>
    public int MaxConcurrentCallsPerAddress { get; set; } = 1024;

    /// <summary>Calls a second from one address in the long run.</summary>
    public double CallsPerSecondPerAddress { get; set; } = 20_000;

    /// <summary>Calls that one address may send at once.</summary>
    public double CallBurstPerAddress { get; set; } = 40_000;

    /// <summary>Failed authentications a second from one address before it is turned away unheard.</summary>
    public double FailuresPerSecondPerAddress { get; set; } = 20;

    /// <summary>Failed authentications that one address may send at once.</summary>
    public double FailureBurstPerAddress { get; set; } = 100;

    /// <summary>Addresses remembered; the ones idle longest are forgotten first.</summary>
    public int MaxAddresses { get; set; } = 65_536;

    /// <summary>Calls a second from one authenticated caller in the long run; all pods of one service account are one caller.</summary>
    public double CallsPerSecondPerCaller { get; set; } = 500;

    /// <summary>Calls that one authenticated caller may send at once.</summary>
    public double CallBurstPerCaller { get; set; } = 2_000;

    /// <summary>Callers remembered; the ones idle longest are forgotten first.</summary>
    public int MaxCallers { get; set; } = 65_536;

    /// <summary>
    /// Open connections in all. The part <see cref="RenewalShare"/> of them is for clients with a validated SVID alone. Each takes an open file of the process.
    /// </summary>
    public int MaxConnections { get; set; } = 16_000;

    /// <summary>Open connections from one address whose clients have shown no valid SVID; those that have do not count here.</summary>
    public int MaxConnectionsPerAddress { get; set; } = 1_024;

    /// <summary>TLS handshakes a second from one address in the long run; one that ends with a valid client SVID does not count.</summary>
    public double HandshakesPerSecondPerAddress { get; set; } = 200;

    /// <summary>TLS handshakes that one address may begin at once.</summary>
    public double HandshakeBurstPerAddress { get; set; } = 1_000;

    /// <summary>HTTP/2 streams open at once on one connection.</summary>
    public int MaxStreamsPerConnection { get; set; } = 256;

    /// <summary>Bytes a second that one connection may send in the long run.</summary>
    public double BytesPerSecondPerConnection { get; set; } = 16 * 1024 * 1024;

    /// <summary>Bytes that one connection may send at once.</summary>
    public double ByteBurstPerConnection { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of one request's body.</summary>
    public long MaxRequestBytes { get; set; } = 64 * 1024;

    /// <summary>How long a handshake may take.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
