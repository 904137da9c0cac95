namespace MeshGrains.Gateway.Acme;

/// <summary>What is to be done now.</summary>
internal enum AcmeStep
{
    Nothing,

    /// <summary>Ask the CA when it would have the certificate renewed.</summary>
    AskWhen,

    Order,
}
