using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Rpc.HealthV1;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Rpc.Tests;

/// <summary>The bytes that existing clients send and expect, written down by hand.</summary>
public sealed class ContractTests
{
    [Fact]
    public void The_certificate_request_has_the_field_numbers_of_Istio()
    {
        var request = new IstioCertificateRequest
        {
            Csr = "C",
            ValidityDuration = 300,
            Metadata = new Struct { Fields = { ["k"] = Google.Protobuf.WellKnownTypes.Value.ForBool(true) } },
        };

        Assert.Equal("0A0143" + "18AC02" + "22" + "09" + "0A07" + "0A016B" + "1202" + "2001", Convert.ToHexString(request.ToByteArray()));
        Assert.Equal("/istio.v1.auth.IstioCertificateService", "/" + CaReflection.Descriptor.Services.Single().FullName);
    }

    [Fact]
    public void The_certificate_response_repeats_field_1() =>
        Assert.Equal("0A01610A0162", Convert.ToHexString(new IstioCertificateResponse { CertChain = { "a", "b" } }.ToByteArray()));

    [Fact]
    public void The_health_messages_have_the_field_numbers_of_the_protocol()
    {
        Assert.Equal("0A0161", Convert.ToHexString(new HealthCheckRequest { Service = "a" }.ToByteArray()));
        Assert.Equal("0803", Convert.ToHexString(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.ServiceUnknown }.ToByteArray()));
    }
}
