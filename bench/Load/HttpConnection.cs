using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Bench;

/// <summary>One kept HTTP/1.1 connection with one request under way, made as cheap as <see cref="GrpcConnection"/> is.</summary>
internal sealed class HttpConnection(byte[][] requests, int offset, LoadWindow window, LoadTally tally)
{
    private readonly byte[] _in = new byte[64 * 1024];

    public async Task RunAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        for (var next = offset; !window.IsOver; next++)
        {
            var request = next % requests.Length;
            var started = Stopwatch.GetTimestamp();
            await socket.SendAsync(requests[request], cancellationToken);
            var length = await ReadAnswerAsync(socket, cancellationToken);
            Count(request, _in.AsSpan(0, length), started);
        }
    }

    /// <summary>The length of the answer in bytes, once its last byte is there.</summary>
    internal static int? WholeLength(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = answer[..end];
        var at = head.IndexOf("\r\nContent-Length: "u8);
        if (at < 0)
        {
            // Chunked: the last chunk is empty.
            var last = answer.LastIndexOf("\r\n0\r\n\r\n"u8);
            return last >= 0 ? answer.Length : null;
        }

        if (!Utf8Parser.TryParse(head[(at + "\r\nContent-Length: ".Length)..], out int body, out _))
        {
            throw new FormatException("The answer's Content-Length is no number.");
        }

        var whole = end + 4 + body;
        return answer.Length >= whole ? whole : null;
    }

    private async ValueTask<int> ReadAnswerAsync(Socket socket, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (true)
        {
            var read = await socket.ReceiveAsync(_in.AsMemory(filled), cancellationToken);
            if (read == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            filled += read;
            if (WholeLength(_in.AsSpan(0, filled)) is { } length)
            {
                return length;
            }
        }
    }

    private void Count(int request, ReadOnlySpan<byte> answer, long started)
    {
        if (!answer.StartsWith("HTTP/1.1 200"u8) || answer.IndexOf("-----BEGIN CERTIFICATE-----"u8) < 0)
        {
            tally.Refused(System.Text.Encoding.ASCII.GetString(answer[..Math.Min(answer.Length, 300)]));
            return;
        }

        tally.Issued(request, answer, default, started);
    }
}
