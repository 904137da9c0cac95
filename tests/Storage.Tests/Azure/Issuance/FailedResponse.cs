using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;

namespace MeshGrains.Storage.Tests;

/// <summary>What a store says when it could not, or does not know.</summary>
internal sealed class FailedResponse(int status, string reason) : Response
{
    public override int Status => status;

    public override string ReasonPhrase => reason;

    public override bool IsError => true;

    public override Stream? ContentStream { get; set; }

    public override string ClientRequestId { get; set; } = "";

    public override void Dispose()
    {
    }

    protected override bool ContainsHeader(string name) => false;

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => [];

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
    {
        value = null;
        return false;
    }

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = null;
        return false;
    }
}
