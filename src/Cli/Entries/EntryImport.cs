namespace MeshGrains.Cli;

/// <summary>Creates many entries in batches and counts what became of them. Sending the same again does no harm: what is there stays.</summary>
internal sealed class EntryImport(ControlPlane administration, Printer printer, TimeProvider time)
{
    private const int BatchSize = 500;
    private const int MaxTold = 100;
    private const int Attempts = 4;
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(5);

    private readonly List<EntryFailure> _failures = [];
    private long _created;
    private long _existed;
    private long _failed;
    private long _sent;
    private long _told;

    public async Task<EntryImportReport> RunAsync(IAsyncEnumerable<EntryBody> entries, CancellationToken cancellationToken)
    {
        _told = time.GetTimestamp();
        var batch = new List<EntryBody>(BatchSize);
        try
        {
            await foreach (var entry in entries)
            {
                batch.Add(entry);
                if (batch.Count == BatchSize)
                {
                    await SendAsync(batch, cancellationToken);
                    batch.Clear();
                }
            }

            await SendAsync(batch, cancellationToken);
        }
        catch (CliException) when (_sent > 0)
        {
            Tell();
            throw;
        }

        return new EntryImportReport(_created, _existed, _failed, _failures);
    }

    private async Task SendAsync(List<EntryBody> batch, CancellationToken cancellationToken)
    {
        var left = batch.Select((entry, i) => (Entry: entry, Number: _sent + i + 1)).ToList();
        for (var attempt = 1; left.Count > 0; attempt++)
        {
            var results = await AskAsync([.. left.Select(one => one.Entry)], attempt, cancellationToken);
            var again = new List<(EntryBody, long)>();
            for (var i = 0; i < left.Count; i++)
            {
                if (results[i].Status == EntryResult.Failed && attempt < Attempts)
                {
                    again.Add(left[i]);
                }
                else
                {
                    Count(left[i].Entry, left[i].Number, results[i]);
                }
            }

            left = again;
        }

        _sent += batch.Count;
        if (time.GetElapsedTime(_told) >= TellEvery)
        {
            _told = time.GetTimestamp();
            Tell();
        }
    }

    private void Tell() => printer.Note($"{_sent} entries sent: {_created} created, {_existed} there before, {_failed} not stored.");

    /// <summary>One answer for each; a control plane that is busy is asked again after the time that it names.</summary>
    private async Task<IReadOnlyList<EntryResult>> AskAsync(IReadOnlyList<EntryBody> entries, int attempt, CancellationToken cancellationToken)
    {
        if (attempt > 1)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 << (attempt - 2)), time, cancellationToken);
        }

        while (true)
        {
            try
            {
                var answer = await administration.PostAsync(
                    "/v1/entries:batch", new EntryBatchBody(entries), ApiJson.Default.EntryBatchBody, ApiJson.Default.EntryBatchView, cancellationToken);
                return answer.Results is { } results && results.Count == entries.Count
                    ? results
                    : throw CliException.Failed("The control plane did not answer for each entry. Is it of this version?");
            }
            catch (CliException busy) when (busy.Problem is { Status: 503 or 429 } problem && attempt < Attempts)
            {
                attempt++;
                await Task.Delay(TimeSpan.FromSeconds(problem.RetryAfterSeconds ?? 1), time, cancellationToken);
            }
        }
    }

    private void Count(EntryBody entry, long number, EntryResult result)
    {
        switch (result.Status)
        {
            case EntryResult.Created:
                _created++;
                return;
            case EntryResult.Exists:
                _existed++;
                return;
            default:
                _failed++;
                if (_failures.Count < MaxTold)
                {
                    _failures.Add(new EntryFailure(number, entry.SpiffeId, result.Reason, result.Detail));
                }

                return;
        }
    }
}
