using System.Net;
using Azure.Core;
using Azure.Core.Pipeline;

namespace MeshGrains.Storage;

/// <summary>Refuses an answer that is larger than any record of ours before a byte of it is read.</summary>
internal sealed class BlobSizePolicy : HttpPipelineSynchronousPolicy
{
    public const int MaxBytes = 64 << 20;

    /// <exception cref="InvalidDataException">The answer is too large.</exception>
    public override void OnReceivedResponse(HttpMessage message)
    {
        if (message.Request.Method == RequestMethod.Get && message.Response.Status is (int)HttpStatusCode.OK or (int)HttpStatusCode.PartialContent
            && message.Response.Headers.ContentLengthLong > MaxBytes)
        {
            throw new InvalidDataException($"A blob of {message.Response.Headers.ContentLengthLong} bytes is larger than any record of this product ({MaxBytes}).");
        }
    }
}
