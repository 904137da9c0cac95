namespace MeshGrains.Gateway;

/// <summary>The user name of a service account: <c>system:serviceaccount:NAMESPACE:NAME</c>.</summary>
internal static class ServiceAccountSubject
{
    private static ReadOnlySpan<byte> Prefix => "system:serviceaccount:"u8;

    public static bool Matches(ReadOnlySpan<byte> subject, ReadOnlySpan<byte> ns, ReadOnlySpan<byte> account)
        => subject.Length == Prefix.Length + ns.Length + 1 + account.Length
            && subject.StartsWith(Prefix)
            && subject[Prefix.Length..].StartsWith(ns)
            && subject[Prefix.Length + ns.Length] == (byte)':'
            && subject.EndsWith(account);
}
