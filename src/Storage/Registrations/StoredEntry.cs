using System.Collections.Immutable;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>An entry in the form that is stored: lists that were never given are empty ones.</summary>
internal static class StoredEntry
{
    public static RegistrationEntry Of(RegistrationEntry entry) => entry with
    {
        Selectors = OrEmpty(entry.Selectors),
        DnsNames = OrEmpty(entry.DnsNames),
        FederatesWith = OrEmpty(entry.FederatesWith),
    };

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> values) => values.IsDefault ? [] : values;
}
