namespace MeshGrains.Bench;

/// <summary>A measurement that can be asked for alone.</summary>
internal enum BenchPart
{
    InProcess,
    Grpc,
    Flood,
    Cfssl,
    Start,
}
