using Google.Protobuf;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary><c>FetchX509SVID</c> and <c>FetchX509Bundles</c>.</summary>
internal sealed class X509Handlers(WorkloadStreams streams)
{
    public Task FetchSvidAsync(X509SVIDRequest request, RpcResponseWriter<X509SVIDResponse> responses, RpcServerContext context) =>
        streams.ServeAsync(responses, context, waitsForSvids: true, withCrls: true, static view =>
        {
            var message = new X509SVIDResponse();
            message.Crl.AddRange(view.Crls.SelectMany(crls => crls.Lists));
            message.Svids.AddRange(view.Svids.Select(item => new X509SVID
            {
                SpiffeId = item.Svid.SpiffeId, X509Svid = UnsafeByteOperations.UnsafeWrap(item.Svid.ChainDer),
                X509SvidKey = UnsafeByteOperations.UnsafeWrap(item.Svid.Key), Bundle = UnsafeByteOperations.UnsafeWrap(item.Bundle.Der), Hint = item.Entry.Hint,
            }));
            foreach (var bundle in view.BesideFirst)
            {
                message.FederatedBundles[bundle.TrustDomain.Id.ToString()] = UnsafeByteOperations.UnsafeWrap(bundle.Der);
            }

            return message;
        });

    public Task FetchBundlesAsync(X509BundlesRequest request, RpcResponseWriter<X509BundlesResponse> responses, RpcServerContext context) =>
        streams.ServeAsync(responses, context, waitsForSvids: false, withCrls: true, static view =>
        {
            var message = new X509BundlesResponse();
            message.Crl.AddRange(view.Crls.SelectMany(crls => crls.Lists));
            foreach (var bundle in view.Bundles)
            {
                message.Bundles[bundle.TrustDomain.Id.ToString()] = UnsafeByteOperations.UnsafeWrap(bundle.Der);
            }

            return message;
        });
}
