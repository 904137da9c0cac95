namespace MeshGrains.Gateway.Administration;

/// <summary>What an operator may do. Roles are bound in configuration only.</summary>
public enum OperatorRole
{
    /// <summary>See everything, change nothing.</summary>
    Read,

    /// <summary>Registrations and join tokens within path prefixes, and reading them.</summary>
    Register,

    /// <summary>Rotate the root and JWT authorities, taint issuing CAs, and read authorities.</summary>
    Rotate,

    /// <summary>Everything.</summary>
    Admin,
}
