using MeshGrains.Grains;

namespace MeshGrains.Gateway.Administration;

/// <summary>Whether the denial set leaves a remote operator its roles; asked at every request, since connections outlive denials.</summary>
internal interface IOperatorDenials
{
    /// <summary>Null when the operator may go on.</summary>
    Refusal? Check(ParsedClientChain client);
}
