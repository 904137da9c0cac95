namespace MeshGrains.Grains;

public sealed class RestoreDeclaration
{
    /// <summary>What a refusal of rolled-back state tells the operator to do.</summary>
    internal const string Advice = "declare a restore: meshgrains declare-restore --config FILE --reason TEXT.";
}
