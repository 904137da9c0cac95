using System.Net;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>EC2's instance metadata service, version 2: a session token first, then the signed instance-identity document.</summary>
internal sealed class InstanceMetadata(Uri address) : IDisposable
{
    private const int MaxBytes = 16 * 1024;
    private const string TokenHeader = "X-aws-ec2-metadata-token";

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = address, Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = MaxBytes,
    };

    /// <summary>PKCS #7 in base64, as it came.</summary>
    /// <exception cref="AttestationException">It is not to be had.</exception>
    public async Task<byte[]> SignedDocumentAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var session = new HttpRequestMessage(HttpMethod.Put, "/latest/api/token") { Headers = { { "X-aws-ec2-metadata-token-ttl-seconds", "60" } } };
            var token = await AnswerAsync(session, cancellationToken);
            using var document = new HttpRequestMessage(HttpMethod.Get, "/latest/dynamic/instance-identity/rsa2048");
            document.Headers.Add(TokenHeader, System.Text.Encoding.ASCII.GetString(token).Trim());
            return await AnswerAsync(document, cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or FormatException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new AttestationException("no_instance_document", $"the instance metadata at {_http.BaseAddress} gave no document: {failure.Message}", failure);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var response = await _http.SendAsync(request, cancellationToken);
        return response.StatusCode == HttpStatusCode.OK
            ? await response.Content.ReadAsByteArrayAsync(cancellationToken)
            : throw new HttpRequestException($"{request.RequestUri?.OriginalString} answered {(int)response.StatusCode}");
    }
}
