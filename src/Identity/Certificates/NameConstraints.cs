namespace MeshGrains.Identity;

/// <summary>The name constraints extension (RFC 5280 section 4.2.1.10): what names the certificates below may carry.</summary>
public sealed class NameConstraints
{
    internal const int MaxSubtrees = 64;

    private readonly List<(GeneralNameKind Kind, ReadOnlyMemory<byte> Base)> _permitted = [];
    private readonly List<(GeneralNameKind Kind, ReadOnlyMemory<byte> Base)> _excluded = [];

    private NameConstraints()
    {
    }

    /// <summary>The hosts (or ".domain"s) to which URIs are bound; empty when URIs are not bound.</summary>
    public IReadOnlyList<string> PermittedUris => Texts(_permitted, GeneralNameKind.Uri);

    public IReadOnlyList<string> ExcludedUris => Texts(_excluded, GeneralNameKind.Uri);

    public IReadOnlyList<string> PermittedDnsNames => Texts(_permitted, GeneralNameKind.Dns);

    public IReadOnlyList<string> ExcludedDnsNames => Texts(_excluded, GeneralNameKind.Dns);

    internal static bool TryRead(ReadOnlyMemory<byte> extension, out NameConstraints constraints)
    {
        constraints = new NameConstraints();
        var outer = new DerReader(extension.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd || body.AtEnd)
        {
            return false;
        }

        return TryReadSubtrees(ref body, DerTag.ContextConstructed(0), extension, constraints._permitted)
            && TryReadSubtrees(ref body, DerTag.ContextConstructed(1), extension, constraints._excluded)
            && body.AtEnd;
    }

    /// <summary>Why a certificate with these names may not stand below; null when it may. Kinds that are not handled refuse (section 4.2.1.10).</summary>
    internal string? Refuses(ParsedCertificate certificate)
    {
        foreach (var (kind, name) in certificate.NamesForConstraints())
        {
            if (_excluded.Exists(tree => tree.Kind == kind && (Matches(kind, tree.Base.Span, name.Span) ?? true)))
            {
                return $"a name of kind {kind} lies in an excluded subtree";
            }

            if (_permitted.Exists(tree => tree.Kind == kind)
                && !_permitted.Exists(tree => tree.Kind == kind && (Matches(kind, tree.Base.Span, name.Span) ?? false)))
            {
                return $"a name of kind {kind} lies in no permitted subtree";
            }
        }

        return null;
    }

    // Null: names of this kind cannot be compared here.
    private static bool? Matches(GeneralNameKind kind, ReadOnlySpan<byte> tree, ReadOnlySpan<byte> name) => kind switch
    {
        GeneralNameKind.Uri => ConstraintMatch.Uri(tree, name),
        GeneralNameKind.Dns => ConstraintMatch.Dns(tree, name),
        GeneralNameKind.Ip => ConstraintMatch.Ip(tree, name),
        _ => null,
    };

    private static bool TryReadSubtrees(
        ref DerReader body, byte tag, ReadOnlyMemory<byte> source, List<(GeneralNameKind Kind, ReadOnlyMemory<byte> Base)> subtrees)
    {
        if (!body.Sees(tag))
        {
            return true;
        }

        if (!body.TryEnter(tag, out var list) || list.AtEnd)
        {
            return false;
        }

        while (!list.AtEnd)
        {
            // minimum is always 0, which DER leaves out, and maximum is absent.
            if (subtrees.Count == MaxSubtrees || !list.TryEnter(DerTag.Sequence, out var subtree)
                || !subtree.TryReadAny(out var nameTag, out Range name) || !subtree.AtEnd || (nameTag & 0xC0) != 0x80)
            {
                return false;
            }

            subtrees.Add(((GeneralNameKind)(nameTag & 0x1F), source[name]));
        }

        return true;
    }

    private static List<string> Texts(List<(GeneralNameKind Kind, ReadOnlyMemory<byte> Base)> subtrees, GeneralNameKind kind)
        => subtrees.Where(tree => tree.Kind == kind).Select(tree => System.Text.Encoding.ASCII.GetString(tree.Base.Span)).ToList();
}
