namespace MeshGrains.Grains;

/// <summary>A bundle could not be put where it belongs; the message says why and what to do, and holds no secret.</summary>
public sealed class PublishingException : Exception
{
    public PublishingException(string message)
        : base(message)
    {
    }

    public PublishingException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
