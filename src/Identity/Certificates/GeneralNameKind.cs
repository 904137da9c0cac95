namespace MeshGrains.Identity;

/// <summary>The choices of GeneralName (RFC 5280 section 4.2.1.6), by their tag numbers.</summary>
internal enum GeneralNameKind
{
    Other = 0,
    Email = 1,
    Dns = 2,
    X400 = 3,
    Directory = 4,
    EdiParty = 5,
    Uri = 6,
    Ip = 7,
    RegisteredId = 8,
}
