namespace MeshGrains.Grains;

/// <summary>What the list of foreign trust domains decides; pure.</summary>
internal static class FederationSetDecisions
{
    /// <exception cref="GrainOperationException">There are as many as may be.</exception>
    public static FederationSetState Add(FederationSetState state, string foreign, int most)
    {
        if (IndexOf(state, foreign) >= 0)
        {
            return state;
        }

        if (state.Members.Length >= most)
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "federation_full", $"There are {state.Members.Length} relationships, as many as may be (federation.maxRelationships); delete one first.");
        }

        return state with
        {
            Number = state.Number + 1,
            Members = [.. state.Members.Append(new FederationSetMember { TrustDomain = foreign }).OrderBy(member => member.TrustDomain, StringComparer.Ordinal)],
        };
    }

    /// <summary>The same state when it is known. A number never goes back, whichever activation tells it.</summary>
    public static FederationSetState Tell(FederationSetState state, string foreign, long number, bool gone)
    {
        var index = IndexOf(state, foreign);
        if (gone)
        {
            return index < 0 || state.Members[index].Number > number ? state
                : state with { Number = state.Number + 1, Members = state.Members.RemoveAt(index) };
        }

        if (index < 0)
        {
            // It stands, so it has a place, whatever the list forgot.
            return state with
            {
                Number = state.Number + 1,
                Members = [.. state.Members.Append(new FederationSetMember { TrustDomain = foreign, Number = number }).OrderBy(member => member.TrustDomain, StringComparer.Ordinal)],
            };
        }

        return state.Members[index].Number >= number ? state
            : state with { Number = state.Number + 1, Members = state.Members.SetItem(index, state.Members[index] with { Number = number }) };
    }

    public static FederationList List(FederationSetState state) =>
        new(state.Number, [.. state.Members.Select(member => new FederationMember(member.TrustDomain, member.Number))]);

    private static int IndexOf(FederationSetState state, string foreign)
    {
        for (var i = 0; i < state.Members.Length; i++)
        {
            if (state.Members[i].TrustDomain == foreign)
            {
                return i;
            }
        }

        return -1;
    }
}
