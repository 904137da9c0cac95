using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>Redis commands over one connection (RESP2), for a drill that changes what lies there behind the silos' backs.</summary>
internal sealed class RespClient : IAsyncDisposable
{
    private const int MaxBulk = 64 * 1024 * 1024;

    private readonly NetworkStream _stream;
    private readonly BufferedStream _in;

    private RespClient(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _in = new BufferedStream(_stream, 64 * 1024);
    }

    public static async Task<RespClient> ConnectAsync(RedisAddress redis, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPEndPoint.Parse(redis.Address), cancellationToken);
        var client = new RespClient(socket);
        if (redis.PasswordFile.Length > 0)
        {
            await client.AskAsync(cancellationToken, "AUTH", redis.User, (await File.ReadAllTextAsync(redis.PasswordFile, cancellationToken)).Trim());
        }

        return client;
    }

    /// <summary>A string, a whole number, an array of such, or null.</summary>
    /// <exception cref="InvalidOperationException">Redis refused; its words are the message.</exception>
    public async Task<object?> AskAsync(CancellationToken cancellationToken, params string[] command)
    {
        await _stream.WriteAsync(Encode(command), cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    /// <summary>The fields of a hash; empty when there is none.</summary>
    public async Task<Dictionary<string, string>> HashAsync(string key, CancellationToken cancellationToken)
    {
        var list = (object?[])(await AskAsync(cancellationToken, "HGETALL", key))!;
        return list.Chunk(2).ToDictionary(pair => (string)pair[0]!, pair => (string)pair[1]!, StringComparer.Ordinal);
    }

    public async Task<string[]> KeysAsync(string pattern, CancellationToken cancellationToken)
        => [.. ((object?[])(await AskAsync(cancellationToken, "KEYS", pattern))!).Cast<string>()];

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    internal static byte[] Encode(IReadOnlyList<string> command)
    {
        var bytes = new List<byte>(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"*{command.Count}\r\n")));
        foreach (var part in command)
        {
            var text = Encoding.UTF8.GetBytes(part);
            bytes.AddRange(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${text.Length}\r\n")));
            bytes.AddRange(text);
            bytes.AddRange("\r\n"u8);
        }

        return [.. bytes];
    }

    private async Task<object?> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await LineAsync(cancellationToken);
        var rest = line[1..];
        switch (line[0])
        {
            case '+':
                return rest;
            case ':':
                return long.Parse(rest, CultureInfo.InvariantCulture);
            case '-':
                throw new InvalidOperationException($"Redis: {rest}");
            case '$':
                return await BulkAsync(int.Parse(rest, CultureInfo.InvariantCulture), cancellationToken);
            case '*':
                var items = new object?[Math.Max(0, int.Parse(rest, CultureInfo.InvariantCulture))];
                for (var i = 0; i < items.Length; i++)
                {
                    items[i] = await ReadAsync(cancellationToken);
                }

                return items;
            default:
                throw new IOException($"Redis answered something that is not RESP2: {line}");
        }
    }

    private async Task<string?> BulkAsync(int length, CancellationToken cancellationToken)
    {
        if (length < 0)
        {
            return null;
        }

        if (length > MaxBulk)
        {
            throw new IOException($"Redis sent a value of {length} bytes.");
        }

        var text = new byte[length + 2];
        await _in.ReadExactlyAsync(text, cancellationToken);
        return Encoding.UTF8.GetString(text, 0, length);
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (line.Count < 2 || line[^2] != '\r' || line[^1] != '\n')
        {
            await _in.ReadExactlyAsync(one, cancellationToken);
            line.Add(one[0]);
        }

        return Encoding.UTF8.GetString([.. line.SkipLast(2)]);
    }
}
