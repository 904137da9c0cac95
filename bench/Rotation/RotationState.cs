using System.Text.Json;

namespace MeshGrains.Bench;

/// <summary>How a root's rotation stands, as REST tells it.</summary>
internal sealed record RotationState(
    string Id, string Phase, string? LeavingRoot, string? StayingRoot, bool RolledBack, DateTimeOffset? EndedAt, IReadOnlyList<RotationMove> Moves, string Shut,
    IReadOnlyList<string>? ShutGates = null)
{
    public const string Done = "done";

    /// <summary>In their order.</summary>
    public static readonly string[] Phases = ["prepare", "distribute", "activate", "drain", "retire"];

    /// <summary>Before there ever was one.</summary>
    public static RotationState None { get; } = new("", "", null, null, false, null, [], "");

    public bool IsDone => Phase == Done;

    /// <summary>Null when there never was one.</summary>
    public static RotationState? Read(JsonElement status)
    {
        if (!status.TryGetProperty("rotation", out var rotation) || rotation.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var shut = status.GetProperty("gates").EnumerateArray().Where(gate => !gate.GetProperty("open").GetBoolean()).ToList();
        var gates = shut
            .Select(gate => $"{gate.GetProperty("name").GetString()} ({gate.GetProperty("waits").GetInt64()}: {gate.GetProperty("detail").GetString()})");
        return new RotationState(
            rotation.GetProperty("id").GetString()!, rotation.GetProperty("phase").GetString()!, Text("leavingRoot"), Text("stayingRoot"),
            rotation.GetProperty("rolledBack").GetBoolean(), Time(rotation, "endedAt"),
            [.. rotation.GetProperty("events").EnumerateArray().Select(one => new RotationMove(
                one.GetProperty("at").GetDateTimeOffset(), one.GetProperty("event").GetString()!, one.GetProperty("phase").GetString()!))],
            string.Join("; ", gates), [.. shut.Select(gate => gate.GetProperty("name").GetString()!)]);

        string? Text(string name) => rotation.TryGetProperty(name, out var value) ? value.GetString() : null;
        static DateTimeOffset? Time(JsonElement from, string name) =>
            from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetDateTimeOffset() : null;
    }

    /// <summary>Whether <paramref name="phase"/> was not over yet at <paramref name="at"/>, by the rotation's own history.</summary>
    public bool WasIn(string phase, DateTimeOffset at)
    {
        var order = Array.IndexOf(Phases, phase);
        var over = Moves.Where(move => move.Phase == Done || Array.IndexOf(Phases, move.Phase) > order).Select(move => (DateTimeOffset?)move.At).Min() ?? EndedAt;
        return over is not { } end || end > at;
    }
}
