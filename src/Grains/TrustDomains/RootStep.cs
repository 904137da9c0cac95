namespace MeshGrains.Grains;

/// <summary>What a root in the making needs next.</summary>
internal enum RootStep
{
    RecordName,
    MakeKey,
    BuildCertificate,
    Sign,
    Record,
    Done,
}
