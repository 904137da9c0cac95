using System.Text;

namespace MeshGrains.Cli;

/// <summary>Reads text files within a bound, with errors that name the file.</summary>
internal static class TextFile
{
    private const int MaxChars = 2 * 1024 * 1024;

    /// <param name="path">The file.</param>
    /// <param name="what">What it is for, for the error: "the trust bundle".</param>
    /// <exception cref="CliException">It is missing, too large or not to be read.</exception>
    public static string Read(string path, string what)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            var text = new StringBuilder();
            var buffer = new char[4096];
            for (int read; (read = reader.Read(buffer)) > 0;)
            {
                text.Append(buffer, 0, read);
                if (text.Length > MaxChars)
                {
                    throw CliException.Failed($"{path} ({what}) is too large: at most {MaxChars} characters are read.");
                }
            }

            return text.ToString();
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CliException.Failed($"{path} ({what}) does not exist.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CliException.Failed($"{path} ({what}) cannot be read: {failure.Message}", failure);
        }
    }
}
