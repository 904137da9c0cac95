using System.Buffers.Binary;
using Google.Protobuf;
using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench;

/// <summary>CreateCertificate's messages with gRPC's framing (1 byte of flags, 4 bytes of length).</summary>
internal static class IstioMessages
{
    private const int Head = 5;

    public static byte[] Request(byte[] csrDer) => Frame(new IstioCertificateRequest { Csr = CsrPem.Encode(csrDer) });

    public static byte[] Frame(IMessage message)
    {
        var size = message.CalculateSize();
        var framed = new byte[Head + size];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), size);
        message.WriteTo(framed.AsSpan(Head));
        return framed;
    }
}
