using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Federation;

internal static partial class FederationLog
{
    [LoggerMessage(3620, LogLevel.Information, "The bundle endpoint shows the certificate of {File}, until {NotAfter:u}")]
    public static partial void WebCertificateInUse(ILogger logger, string file, DateTime notAfter);

    [LoggerMessage(3621, LogLevel.Error, "The bundle endpoint's certificate {File} cannot be used: {Reason}. The one in use stays, if there is one")]
    public static partial void WebCertificateUnusable(ILogger logger, string file, string reason);

    [LoggerMessage(3622, LogLevel.Information, "The relationship with {Foreign} stands as the configuration says")]
    public static partial void Configured(ILogger logger, string foreign);

    [LoggerMessage(3623, LogLevel.Error, "The configured relationship with {Foreign} was refused: {Reason}")]
    public static partial void ConfiguredRefused(ILogger logger, string foreign, string reason);

    [LoggerMessage(3624, LogLevel.Warning, "The configured relationship with {Foreign} could not be stated yet; it is tried again in about {Seconds:0} s. {Reason}")]
    public static partial void ConfiguredLater(ILogger logger, string foreign, double seconds, string reason);
}
