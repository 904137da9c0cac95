namespace MeshGrains.Bench;

/// <summary>Asks for certificates with request after request and token after token until the window is over.</summary>
internal sealed class IssuanceScript(byte[][] bodies, byte[][] tokens, int offset, LoadWindow window, LoadTally tally) : ICallScript
{
    private int _next = offset;

    public Call? Next()
    {
        if (window.IsOver)
        {
            return null;
        }

        var request = _next % bodies.Length;
        var call = new Call(tokens[_next % tokens.Length], bodies[request], request);
        _next++;
        return call;
    }

    public void Ended(in CallOutcome outcome)
    {
        if (outcome.Status != CallOutcome.Ok)
        {
            tally.Refused($"status {outcome.Status}: {outcome.StatusMessage}");
            return;
        }

        tally.Issued(outcome.Call.Tag, outcome.Message, CertificateReply.Serial(outcome.Message), outcome.Started);
    }
}
