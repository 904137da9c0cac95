namespace MeshGrains.Rpc.Client;

/// <summary>What the request side of a streaming call needs of the call.</summary>
internal interface IClientCall
{
    CancellationToken Lifetime { get; }

    /// <summary>Completes with the response headers, or with the failure to get any.</summary>
    Task Sending { get; }

    /// <summary>The status of the call where it is known, else what the caller is to see of this failure.</summary>
    ValueTask<Exception> WhyWritingFailedAsync(Exception exception);
}
