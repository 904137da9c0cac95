namespace MeshGrains.Keys;

/// <summary>
/// Names one pinned version of a key, such as <c>azurekms:https://v.vault.azure.net/keys/root/ab12…</c>, <c>file:root/1-9f…</c> or
/// <c>pkcs11:token=…;object=root;id=%4D…</c>. Holds no secret: safe to store and to log.
/// </summary>
public sealed record KeyReference(string Value)
{
    public override string ToString() => Value;
}
