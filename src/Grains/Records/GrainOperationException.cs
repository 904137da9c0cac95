namespace MeshGrains.Grains;

/// <summary>A grain refused or failed an operation, with the code that the gateway answers. It crosses silo links whole.</summary>
[GenerateSerializer, Alias("mg.GrainOperationException")]
public sealed class GrainOperationException : Exception
{
    public GrainOperationException(RefusalCode code, string reason, string message)
        : base(message)
    {
        Code = code;
        Reason = reason;
    }

    internal GrainOperationException(Refusal refusal)
        : this(refusal.Code, refusal.Reason, refusal.Message)
    {
    }

    [Id(0)]
    public RefusalCode Code { get; }

    [Id(1)]
    public string Reason { get; }

    public Refusal ToRefusal() => new(Code, Reason, Message);
}
