namespace MeshGrains.Cli;

/// <summary>For whom a command answers.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs: one JSON document on stdout; a refusal is its problem document on stderr.</summary>
    Json,
}
