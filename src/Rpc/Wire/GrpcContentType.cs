namespace MeshGrains.Rpc.Wire;

internal static class GrpcContentType
{
    public const string Value = "application/grpc";

    /// <summary>True for <c>application/grpc</c> and <c>application/grpc+proto</c>, parameters aside.</summary>
    public static bool Matches(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(Value, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        ReadOnlySpan<char> rest = contentType.AsSpan(Value.Length);
        return rest.IsEmpty || rest[0] == ';'
            || (rest.StartsWith("+proto", StringComparison.OrdinalIgnoreCase) && (rest.Length == 6 || rest[6] == ';'));
    }
}
